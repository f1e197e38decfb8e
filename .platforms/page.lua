-- Pages of the report for a package: links to pages lead to the HTML beside it, links to
-- sources, which the package does not have, are text.
function Link(link)
    local target, place = link.target:match("^([^#]*)(#?.*)$")
    if link.target:match("^%a+:") or target == "" then
        return link
    elseif target:match("%.md$") then
        link.target = target:gsub("%.md$", ".html") .. place
        return link
    elseif target:match("%.svg$") or target:match("%.png$") then
        return link
    end
    return link.content
end
